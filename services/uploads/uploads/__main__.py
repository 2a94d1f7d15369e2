"""Processes: `python -m uploads web | worker | migrate | job NAME`."""

from uploads.app import service

if __name__ == "__main__":
    service.main()
