"""What a maintainer runs: executing and comparing the notebooks, the lists of the README, the site."""
