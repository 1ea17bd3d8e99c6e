"""The command line and the supervisor: the layer above both programs."""
