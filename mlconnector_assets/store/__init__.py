"""Records and files at rest. What is where is in the state database; this package only keeps bytes."""
