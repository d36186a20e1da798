// Package networks takes the page through every network that docs/networks.md lists: real proxies
// with their everyday settings, and small ones that misbehave as somebody has seen one misbehave.
// In each the page has to be talking soon, to stay in, and to lose, double or reorder nothing.
package networks
