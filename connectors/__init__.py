"""Speaking to ERPs: the contract, the engine that runs its scripts durably, one folder per ERP."""
