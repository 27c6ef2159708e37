"""The papers' protocols: DIR-Lab COPDgene, DIR-Lab 4DCT and EMPIRE10, for users who have the data."""
