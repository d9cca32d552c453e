"""The world out: decide, answer, cite, digest, administrate, chat."""
