"""`python -m lastgood` is the command `lastgood`."""

from lastgood import cli

if __name__ == "__main__":
    cli.main()
