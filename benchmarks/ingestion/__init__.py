"""Plants in processes of their own: begun, killed, measured."""
