"""Programs in CasADi: one step as a scalar expression graph, folded over the steps; the parameters are in the state."""
