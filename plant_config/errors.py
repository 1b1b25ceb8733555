"""The one error of this package: a plant file that cannot be used as it is."""


class PlantConfigError(Exception):
    """The message names the file, the key, what is wrong with it and what to do."""
