"""Implement the gRPC services; a method returns an answer or raises ApiError."""
