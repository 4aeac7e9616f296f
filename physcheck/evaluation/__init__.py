"""How good it is: predictions against labels, beside predictors that know no physics."""
