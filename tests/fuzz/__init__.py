"""Random whole programs, compared with differences; what fails is shrunk and kept in ``found``."""
