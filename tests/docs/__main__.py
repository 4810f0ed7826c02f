"""Write the generated parts of the project's documents: `python -m tests.docs`."""

from tests.docs import generated

if __name__ == "__main__":
    generated.write()
