"""The same composition, summed over blocks of rows: loss, penalty, coordinates, certificate."""
