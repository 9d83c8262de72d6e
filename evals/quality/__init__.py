"""How good answers are, measured through the API on questions whose answers are known: `insydr eval`."""
