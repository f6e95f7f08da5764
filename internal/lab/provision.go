package lab

import "strconv"

const policyType = "MS-EAS-Provisioning-WBXML"

// policyStatus is 0 when the device may go on, otherwise what it must be told (MS-ASPROV 3.1.5.2).
//
// A Ping shows no key with Android and NACHO, and servers let it pass; a wrong one is wrong everywhere.
func (c *call) policyStatus(cmd command) int {
	if !c.server.cfg.Policy {
		return 0
	}
	key := c.env.PolicyKey
	shown := key != "" && key != "0"
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	switch d := c.device; {
	case cmd.free && (!shown || cmd.root == provisionRoot):
		return 0
	case d.policyKey == "" || !shown:
		return statusNoPolicy
	case key != d.policyKey:
		return statusPolicyKey
	case !d.policyFinal:
		return statusPolicyOld
	}
	return 0
}

// provision hands out the policy in two steps: a temporary key with the policy, then, when the device acknowledges
// it, the final key (MS-ASPROV 3.1.5.1).
func (c *call) provision() *answer {
	asked := c.doc.child(provisionPolicies, provisionPolicy)
	if asked == nil {
		return statusOnly(commands["provision"], 2)
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	d := c.device
	policy := el(provisionPolicy, leaf(provisionPolicyType, policyType))
	switch key := asked.value(provisionPolicyKey); {
	case asked.value(provisionPolicyType) != policyType:
		policy.add(leaf(provisionStatus, "3")) // unknown type
	case key == "":
		d.policyKey, d.policyFinal = c.server.policyKey(), false
		policy.add(leaf(provisionStatus, "1"), leaf(provisionPolicyKey, d.policyKey),
			el(provisionData, el(provisionDoc, leaf(provisionPassword, "0"))))
	case key != d.policyKey:
		policy.add(leaf(provisionStatus, "5")) // wrong key
	case asked.value(provisionStatus) == "2":
		policy.add(leaf(provisionStatus, "1")) // the device will not obey: no final key
	default:
		d.policyKey, d.policyFinal = c.server.policyKey(), true
		policy.add(leaf(provisionStatus, "1"), leaf(provisionPolicyKey, d.policyKey))
	}
	return reply(el(provisionRoot, leaf(provisionStatus, "1"), el(provisionPolicies, policy)))
}

// policyKey gives a new key; the lock is held.
func (s *Server) policyKey() string {
	s.keys++
	return strconv.Itoa(2034202721 + s.keys)
}

// RevokePolicies makes every device provision again, as after a change of policy.
func (s *Server) RevokePolicies() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.boxes {
		for _, d := range b.devices {
			d.policyKey, d.policyFinal = "", false
		}
	}
}
