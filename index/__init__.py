"""What krab knows: documents, passages, vectors, words, ranking. Knows nothing of mail or chat."""
