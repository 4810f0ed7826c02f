"""The lab as a folder of files, which any web host serves: no server of ours, no Python, no Streamlit."""
