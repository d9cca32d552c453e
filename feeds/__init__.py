"""The world in: fetch politely, parse, thread. Knows nothing of search or chat."""
