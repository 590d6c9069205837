"""What a search shows: its progress, pictures, the report and the dashboard."""
