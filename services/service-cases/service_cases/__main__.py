"""Processes: `python -m service_cases web | worker | migrate | job NAME`."""

from service_cases.app import service

if __name__ == "__main__":
    service.main()
