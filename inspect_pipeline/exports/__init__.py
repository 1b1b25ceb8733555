"""Findings for other programs: tables, COCO, pictures to train on. The web and verbs share it."""
