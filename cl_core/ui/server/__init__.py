"""Start-up and shutdown of the server, and what touches Streamlit's private API."""
