"""Processes of the shop: `python -m shop web | worker | migrate | job NAME`."""

from shop.app import service

if __name__ == "__main__":
    service.main()
