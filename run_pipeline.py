"""The table of contents of the program: verbs only, each in `inspect_pipeline/service/cli/`."""

from inspect_pipeline.service.cli import main

if __name__ == "__main__":
    main()
