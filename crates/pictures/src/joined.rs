/// Things that were joined, directly or by way of others (union-find).
pub(crate) struct Joined(Vec<usize>);

impl Joined {
    /// So many, each alone.
    pub(crate) fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    pub(crate) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }

    fn root(&mut self, mut thing: usize) -> usize {
        while self.0[thing] != thing {
            // Halving the path as it is walked keeps it short.
            self.0[thing] = self.0[self.0[thing]];
            thing = self.0[thing];
        }
        thing
    }

    /// All sets, each sorted, in order of their first.
    pub(crate) fn sets(mut self) -> Vec<Vec<usize>> {
        let mut sets: Vec<Vec<usize>> = vec![vec![]; self.0.len()];
        for thing in 0..self.0.len() {
            // The root is the lowest of its set.
            sets[self.root(thing)].push(thing);
        }
        sets.retain(|set| !set.is_empty());
        sets
    }
}
