"""Entry point of the app: the pages of the course as a path: learn, look, train, reference."""

import streamlit as st

from cl_core import ui

if __name__ == "__main__":  # a run for a visitor's session
    with ui.address():
        ui.begin_page()
        page = st.navigation(
            {
                "": [
                    st.Page("pages/start.py", title="Start", icon=":material/school:", default=True),
                    st.Page("pages/status.py", title="Server", icon=":material/monitor_heart:", visibility="hidden"),
                ],
                "Learn": [st.Page("pages/lessons.py", title="Lessons", icon=":material/co_present:")],
                "Look": [
                    st.Page("pages/triplets.py", title="Triplets", icon=":material/change_history:"),
                    st.Page("pages/boundaries.py", title="Boundaries", icon=":material/join_inner:"),
                    st.Page("pages/derivations.py", title="Derivations", icon=":material/function:"),
                    st.Page("pages/batch.py", title="One frozen batch", icon=":material/ac_unit:"),
                    st.Page("pages/retrieval.py", title="Retrieval", icon=":material/image_search:"),
                ],
                "Train": [
                    st.Page("pages/training.py", title="Live training", icon=":material/play_circle:"),
                    st.Page("pages/compare.py", title="Race", icon=":material/flag:"),
                    st.Page("pages/sweep.py", title="Tune a parameter", icon=":material/tune:"),
                    st.Page("pages/break_it.py", title="Break it", icon=":material/heart_broken:"),
                ],
                "Reference": [
                    st.Page("pages/experiments.py", title="Reproduced comparison", icon=":material/table_chart:"),
                    st.Page("pages/glossary.py", title="Glossary", icon=":material/menu_book:"),
                ],
            },
            position="hidden" if st.context.is_embedded else "sidebar",
            expanded=True,  # beyond twelve pages, the last ones would be hidden
        )
        with ui.lesson_bar(page.url_path or "start"):
            page.run()
        ui.share_view(page.url_path or "start")
        ui.close_phone_sidebar(page.url_path)
else:  # imported by `streamlit run`, which serves this app; every session runs this file again
    app = st.App(__file__, lifespan=ui.lifespan, middleware=ui.MIDDLEWARE)
