"""Google: an OpenID provider with an account chooser."""
