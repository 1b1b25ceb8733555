"""How the program's own context weights are made: from pictures drawn by formulas alone."""
