from ostinato.memory import MemoryPlan


def plan_for(sequence, limit, keep_outputs, truncate_every):
    return MemoryPlan.recompute(every=1000)
