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

    /// The number of each thing's set; sets are counted from 0 in the order of their first.
    pub(crate) fn numbers(mut self) -> Vec<usize> {
        let (mut numbers, mut sets) = (Vec::with_capacity(self.0.len()), 0);
        for thing in 0..self.0.len() {
            // The root is the lowest of its set, so that its number is there.
            let root = self.root(thing);
            let own = if root == thing { sets } else { numbers[root] };
            sets += usize::from(root == thing);
            numbers.push(own);
        }
        numbers
    }
}
