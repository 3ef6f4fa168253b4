"""`python -m qa` is `citewell`."""

from qa.cli import main

if __name__ == "__main__":
    main(prog_name="citewell")
