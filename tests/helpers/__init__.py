"""What several tests need: vaults, commands, servers, and data made up for them."""
