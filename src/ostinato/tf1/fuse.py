def find_chains(operations, blocked, fetched):
    return []
