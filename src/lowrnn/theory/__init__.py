"""Mean-field theory: what a connectivity will do, and which connectivity does what is wanted."""
