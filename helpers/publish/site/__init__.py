"""The rendered collection: pages that work from disk, without Python and without any network."""
