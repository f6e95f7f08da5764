// Package packaging holds what diastole is delivered in, beside its Debian package:
// the Helm chart, rendered by Helm's own code and read by the types of the Kubernetes
// API, and the Compose examples, read by Compose's own loader.
//
// It is a module of its own, so that the hundreds of modules behind Helm are not the
// product's. It starts no cluster and no container: what only those can do is not
// shown here.
package packaging
