"""The review application: pages and a JSON API over the findings, for people at the plant."""
