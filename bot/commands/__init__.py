"""One file a command of the command line: ``run(options, settings) -> exit status``."""
