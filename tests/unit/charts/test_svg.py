"""Charts as SVG files."""

from xml.etree import ElementTree

from cl_core import charts
from cl_core.charts import svg
from cl_core.charts.svg import TitledChart
from tests.runs import trained


def test_svg_has_titles_reference_lines_and_a_curve_through_every_step():
    progress, _ = trained()
    titled = [
        TitledChart("Loss <&>", charts.loss_chart(progress.references), charts.loss_rows(progress.losses, 6)),
        TitledChart("Triplets", charts.triplet_chart(), charts.triplet_rows(progress.frames, 6)),
    ]
    root = ElementTree.fromstring(svg.to_svg(titled))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = {"".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Loss <&>", f"all points coincide {progress.references.collapse:.3g}"} <= texts
    line = next(path for path in root.iter() if path.get("stroke") == "#3f7fd9")
    assert line.get("d").count("C") == len(progress.losses) - 1  # a smooth line from each step to the next
