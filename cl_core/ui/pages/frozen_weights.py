"""Why the weights of circle loss are frozen: where a pair goes with them, and where the true gradient leads it."""

import streamlit as st

from cl_core import charts
from cl_core.analysis.descent import START, descent
from cl_core.analysis.similarity_plane import boundary_curve
from cl_core.losses.circle_general import GRADIENTS
from cl_core.ui.link import controls
from cl_core.ui.link.controls import LossChoice
from cl_core.ui.widgets.chart import chart


def show_frozen_weights(chosen: LossChoice) -> None:
    """Show two paths of one pair of pairs, with the numbers of their ends.

    Args:
        chosen: a loss with a parameter `gradient`.
    """
    with st.expander("Why are the weights frozen?", icon=":material/ac_unit:", expanded=True):
        paths, ends = {}, []
        for key, title in GRADIENTS.items():
            places, values = descent(chosen.loss, {**chosen.theta, "gradient": key})
            paths[title] = places
            s_n, s_p = places[-1]
            rise = values[-1] - values.min()
            lowest = f", after {values.min():.3g} on the way" if rise > 1e-3 else ""
            ends.append(f"**{title}**: $s_n={s_n:.2f}$, $s_p={s_p:.2f}$, loss {values[-1]:.3g}{lowest}")
        curve = boundary_curve(chosen.loss, chosen.theta)
        assert curve is not None
        rows = charts.path_rows(paths, curve.numpy())
        names = (GRADIENTS["frozen"], GRADIENTS["true"])
        words = " ".join(ends).replace("*", "").replace("$", "")
        chart(rows, charts.path_chart(names), f"Paths of one pair from the same start, over the boundary. {words}")
        st.markdown(f"From $s_n={START[0]:g}$, $s_p={START[1]:g}$ the forces lead to:\n\n- " + "\n- ".join(ends))
        st.markdown(
            "A weight says how much attention a pair needs; it is not meant to be lowered itself. The true gradient "
            "also moves a pair so that its weight becomes smaller, and ends where the value no longer falls: with full "
            "self-pacing, at the centre of the circle. With frozen weights, descent goes on to the "
            "optima, even if the loss rises. So programs detach $\\alpha$."
        )
        both = {name: str(value) for name, value in chosen.theta.items()}
        link = {"two": "true", "loss": chosen.loss.key, "loss_2": chosen.loss.key}
        link |= both | {"gradient": "frozen"} | {f"{name}_2": value for name, value in both.items()}
        controls.page_link(
            "boundaries", "Compare both side by side", ":material/compare:", link | {"gradient_2": "true"}
        )
