"""The page of triplets, a module for each of its four parts."""
