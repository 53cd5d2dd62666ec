"""What principals did in the cloud, from CloudTrail's files."""
