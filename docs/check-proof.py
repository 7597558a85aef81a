#!/usr/bin/env python3
"""Checks the proof of an engagement by the steps of proof.md:  check-proof.py NEW.json [EARLIER.json]"""
import hashlib
import json
import sys


def check(proof, earlier=None):
    """The number of the first link that does not fit and why, or None; and what the fitting links tell."""
    previous, told = bytes(32), []                                                        # 1
    for number, link in enumerate(proof["links"], 1):
        if link["number"] != number:                                                      # 2
            return (number, "missing or out of its place"), told
        for part in ("public", "private"):                                                # 3
            if link[part] is None:
                continue
            if hashlib.sha256(link[part].encode()).hexdigest() != link[part + "Digest"]:
                return (number, f"its {part} part is not what was sealed"), told
            said = json.loads(link[part])
            if (said["engagementId"], said["number"]) != (proof["engagementId"], number):
                return (number, "sealed as another link"), told
        digests = bytes.fromhex(link["publicDigest"]) + bytes.fromhex(link["privateDigest"])
        previous = hashlib.sha256(previous + digests).digest()                            # 4
        if previous.hex() != link["hash"]:
            return (number, "its hash does not follow"), told
        if earlier and number <= earlier["count"] and earlier["links"][number - 1]["hash"] != link["hash"]:
            return (number, "rewritten since the earlier proof"), told                    # 7
        told.append(json.loads(link["public"]) if link["public"] else {})
    end = len(proof["links"]) + 1
    if (proof["count"], proof["head"]) != (end - 1, previous.hex()):                      # 5
        return (end, "the end is missing"), told
    if earlier and earlier["count"] >= end:                                               # 7
        return (end, "the earlier proof has it"), told
    if not proof["intact"]:                                                               # 6
        return (proof["firstBroken"] or end, "the server itself says so"), told
    return None, told


if __name__ == "__main__":
    proofs = [json.load(open(name, encoding="utf-8")) for name in sys.argv[1:3]]
    broken, told = check(*proofs)
    for change in told:
        who = change.get("changedBy", {})
        if change.get("kind") == "Created":
            print(f'{change["changedDateTime"]} {who["organizationId"]} ({who["name"]}) brought {change["referralId"]}')
        if "acceptedDateTime" in change.get("properties", []):
            print(f'{change["changedDateTime"]} {who["organizationId"]} ({who["name"]}) accepted {change["referralId"]}')
    print(f"broken at link {broken[0]}: {broken[1]}" if broken else f'holds, {proofs[0]["count"]} links')
    sys.exit(1 if broken else 0)
