"""What keeps an account from accidents at scale: changes too large or too many wait for a person's word."""

from consumer.listings.brakes.model import NO_BRAKES, Brake, Brakes

__all__ = ["NO_BRAKES", "Brake", "Brakes"]
