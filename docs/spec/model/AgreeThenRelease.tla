-------------------------- MODULE AgreeThenRelease --------------------------
(* Agreement on one slot, across views, and the release of partials for what was decided in it.

   Only correct modules have a state. A liar may have signed anything that it can sign, and the network may show anybody
   any part of what was signed: so a quorum is there for a module as soon as correct votes and liars together make one.
   Both headers that may stand in the slot hand the same nonce to the same signers, as two batches judged on one ledger
   do: two partials of one module are two sessions on one nonce.

   A NEW-VIEW carries its view-changes, and every module computes from them what it demands: so entering a view needs a
   quorum of view-changes, correct ones as they were signed, a liar's as it likes, as far as its proofs can exist.

   Plant names one rule that is broken on purpose, "none" if none is. *)
EXTENDS Integers, FiniteSets

CONSTANTS N, Liars, MaxView, Headers, Plant

Modules == 1..N
Honest == Modules \ Liars
Views == 0..MaxView
Faults == (N - 1) \div 3
RightQuorum == (N + Faults + 2) \div 2
Quorum == IF Plant = "small quorum" THEN RightQuorum - 1 ELSE RightQuorum
Primary(v) == (v % N) + 1
None == "none"
Nothing == [view |-> -1, header |-> None]

VARIABLES view,      \* the installed view
          entered,   \* the highest view for which a view-change was signed, or that is installed
          demanded,  \* what the installed view must propose again; None
          prepared,  \* by view: the header for which a pre-prepare or prepare was signed; None
          committed, \* by view: the same for commits
          proof,     \* the prepared certificate of the highest view
          changes,   \* by view: the view-change that was signed: what it proves to be decided and prepared; None
          decided,   \* the header that was applied; None
          released   \* the headers for which the token gave a partial

vars == <<view, entered, demanded, prepared, committed, proof, changes, decided, released>>

Init == /\ view = [m \in Honest |-> 0]
        /\ entered = [m \in Honest |-> 0]
        /\ demanded = [m \in Honest |-> None]
        /\ prepared = [m \in Honest |-> [v \in Views |-> None]]
        /\ committed = [m \in Honest |-> [v \in Views |-> None]]
        /\ proof = [m \in Honest |-> Nothing]
        /\ changes = [m \in Honest |-> [v \in Views |-> [sent |-> FALSE, decided |-> None, proof |-> Nothing]]]
        /\ decided = [m \in Honest |-> None]
        /\ released = [m \in Honest |-> {}]

\* --- what can be shown to anybody --------------------------------------------------------------------------------

Enough(voters, quorum) == Cardinality(voters) + Cardinality(Liars) >= quorum
IsPrepared(v, h) == Enough({m \in Honest : prepared[m][v] = h}, Quorum)
IsCertified(h) == \E v \in Views : Enough({m \in Honest : committed[m][v] = h}, Quorum)
MayVote(m, v) == /\ view[m] = v
                 /\ decided[m] = None
                 /\ entered[m] = v \/ Plant = "votes in a view that was left"

\* --- votes ---------------------------------------------------------------------------------------------------------

Demands(m, h) == demanded[m] \in {None, h} \/ Plant = "new view not computed anew"

PrePrepare(m, h) ==
    LET v == view[m] IN
    /\ Primary(v) = m /\ MayVote(m, v) /\ prepared[m][v] = None /\ Demands(m, h)
    /\ prepared' = [prepared EXCEPT ![m][v] = h]
    /\ UNCHANGED <<view, entered, demanded, committed, proof, changes, decided, released>>

Prepare(m, h) ==
    LET v == view[m]
        p == Primary(v) IN
    /\ p # m /\ MayVote(m, v) /\ prepared[m][v] = None /\ Demands(m, h)
    /\ IF p \in Liars THEN TRUE ELSE prepared[p][v] = h
    /\ prepared' = [prepared EXCEPT ![m][v] = h]
    /\ UNCHANGED <<view, entered, demanded, committed, proof, changes, decided, released>>

Commit(m, h) ==
    LET v == view[m] IN
    /\ MayVote(m, v) /\ prepared[m][v] = h /\ committed[m][v] = None
    /\ IsPrepared(v, h)
    /\ committed' = [committed EXCEPT ![m][v] = h]
    /\ proof' = IF Plant = "prepared certificate not kept" THEN proof
                ELSE [proof EXCEPT ![m] = [view |-> v, header |-> h]]
    /\ UNCHANGED <<view, entered, demanded, prepared, changes, decided, released>>

Decide(m, h) ==
    /\ decided[m] = None /\ IsCertified(h)
    /\ decided' = [decided EXCEPT ![m] = h]
    /\ UNCHANGED <<view, entered, demanded, prepared, committed, proof, changes, released>>

\* The token checks the certificate itself, and that the nonce is unused.
Release(m, h) ==
    /\ IF Plant \in {"release when prepared", "release when prepared, nonce not checked"}
       THEN \E v \in Views : IsPrepared(v, h) ELSE decided[m] = h
    /\ released[m] = {} \/ Plant = "release when prepared, nonce not checked"
    /\ released' = [released EXCEPT ![m] = @ \cup {h}]
    /\ UNCHANGED <<view, entered, demanded, prepared, committed, proof, changes, decided>>

\* --- views ---------------------------------------------------------------------------------------------------------

ChangeView(m) ==
    /\ entered[m] < MaxView
    /\ LET v == entered[m] + 1 IN
       /\ entered' = [entered EXCEPT ![m] = v]
       /\ changes' = [changes EXCEPT ![m][v] = [sent |-> TRUE, decided |-> decided[m], proof |-> proof[m]]]
    /\ UNCHANGED <<view, demanded, prepared, committed, proof, decided, released>>

\* What a liar's view-change for v may prove: nothing, or a prepared certificate that can exist. A decided slot it can
\* prove as well, but that only helps.
LiarProofs(v) == {Nothing} \cup {[view |-> u, header |-> h] : u \in {w \in Views : w < v /\ \E g \in Headers : IsPrepared(w, g)}, h \in Headers}
ValidProofs(v) == {p \in LiarProofs(v) : p.view = -1 \/ IsPrepared(p.view, p.header)}

Highest(proofs) == CHOOSE p \in proofs : \A other \in proofs : other.view <= p.view

Install(m, v) ==
    /\ v > view[m] /\ v >= entered[m]
    /\ \E Q \in SUBSET Modules :
       /\ Cardinality(Q) = Quorum
       /\ \A c \in Q \ Liars : changes[c][v].sent
       /\ \E lie \in (IF Q \cap Liars = {} THEN {Nothing} ELSE ValidProofs(v)) :
          LET proofs == {changes[c][v].proof : c \in Q \ Liars} \cup {lie}
              known == {changes[c][v].decided : c \in Q \ Liars} \ {None} IN
          /\ demanded' = [demanded EXCEPT ![m] = Highest(proofs).header]
          /\ decided' = IF known = {} \/ decided[m] # None THEN decided
                        ELSE [decided EXCEPT ![m] = CHOOSE h \in known : TRUE]
    /\ view' = [view EXCEPT ![m] = v]
    /\ entered' = [entered EXCEPT ![m] = v]
    /\ UNCHANGED <<prepared, committed, proof, changes, released>>

\* --- disks ---------------------------------------------------------------------------------------------------------

\* All that a vote rests on is on disk before the vote leaves: a restart changes nothing, unless that rule is broken.
Restart(m) ==
    /\ Plant = "nothing durable"
    /\ prepared' = [prepared EXCEPT ![m] = [v \in Views |-> None]]
    /\ committed' = [committed EXCEPT ![m] = [v \in Views |-> None]]
    /\ proof' = [proof EXCEPT ![m] = Nothing]
    /\ UNCHANGED <<view, entered, demanded, changes, decided, released>>

Next == \E m \in Honest :
          \/ \E h \in Headers : PrePrepare(m, h) \/ Prepare(m, h) \/ Commit(m, h) \/ Decide(m, h) \/ Release(m, h)
          \/ ChangeView(m)
          \/ \E v \in Views : Install(m, v)
          \/ Restart(m)

Spec == Init /\ [][Next]_vars

\* --- properties ----------------------------------------------------------------------------------------------------

Certified(h) == \E v \in Views : Enough({m \in Honest : committed[m][v] = h}, RightQuorum)

NoPartialWithoutAgreement == \A m \in Honest : \A h \in released[m] : Certified(h)
OneSessionANonce == \A m \in Honest : Cardinality(released[m]) <= 1
OneOrderASlot == /\ \A a, b \in Honest : decided[a] # None /\ decided[b] # None => decided[a] = decided[b]
                 /\ \A g, h \in Headers : Certified(g) /\ Certified(h) => g = h
ReleasedAgree == \A a, b \in Honest : \A g \in released[a], h \in released[b] : g = h

\* --- reachability: these must be violated, or the model proves nothing ----------------------------------------------

NeverReleased == \A m \in Honest : released[m] = {}
NeverDecidedInALaterView == \A m \in Honest : \A v \in Views \ {0} : committed[m][v] = None \/ decided[m] = None
=============================================================================
