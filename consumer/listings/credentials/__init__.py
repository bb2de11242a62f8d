"""Credentials of selling accounts: sealed in their documents, opened for use, watched for their end."""
