"""The services: each method takes a request and returns an answer, or raises ApiError."""
