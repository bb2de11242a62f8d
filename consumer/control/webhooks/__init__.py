"""What channels tell us by themselves: proved, told apart from what came before, written down, acted on."""
