"""`python -m training web | worker | migrate | job NAME`."""

from training.app import service

if __name__ == "__main__":
    service.main()
