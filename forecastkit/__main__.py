"""`python -m forecastkit`."""

from forecastkit.cli import main

main()
