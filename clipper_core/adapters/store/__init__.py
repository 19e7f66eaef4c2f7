"""Stores of assets. No face: boto3 takes a third of a second, and a folder needs none of it."""
