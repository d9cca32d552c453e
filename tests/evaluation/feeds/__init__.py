"""Measurements of what brings the world in: threads, inboxes, posts and the speed of storing."""
