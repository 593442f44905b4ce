------------------------------- MODULE Rosters -------------------------------
(* Membership changes: slot 1 may be decided as a change of the roster, slot 2 is decided under the roster that follows.

   A module that has applied slot 1 signs a checkpoint, which names the roster that follows. It enters that roster's epoch,
   and votes in slot 2, only once a quorum of the old roster has signed the same.

   What AgreeThenRelease shows of one slot under one roster is taken as given for slot 1: what is decided there is one
   thing. A module votes in slot 2 only once it has applied slot 1, under the roster that this leaves, and a certificate
   counts only under a roster. A membership change never leaves two disjoint quorums, and slot 2 never has two headers.

   Plant names one rule that is broken on purpose. *)
EXTENDS Integers, FiniteSets

CONSTANTS Old,      \* the members before
          Changes,  \* the rosters that slot 1 may leave (Old among them: an order that changes no roster)
          Liars, Headers, Plant

Everybody == Old \cup UNION Changes
Honest == Everybody \ Liars
Faults(roster) == (Cardinality(roster) - 1) \div 3
Quorum(roster) == (Cardinality(roster) + Faults(roster) + 2) \div 2
None == "none"

ASSUME \A roster \in Changes \cup {Old} : Cardinality(Liars \cap roster) <= Faults(roster)

VARIABLES first,   \* what slot 1 was decided as: a roster, or None as long as it is not
          applied, \* by module: that it has applied slot 1, and signed the checkpoint
          followed, \* by module: that it has seen a quorum of these checkpoints, and entered the next epoch
          votes    \* by module: the commits it signed in slot 2, with the roster under which

vars == <<first, applied, followed, votes>>

Init == /\ first = {}
        /\ applied = [m \in Honest |-> FALSE] /\ followed = [m \in Honest |-> FALSE]
        /\ votes = [m \in Honest |-> {}]

DecideFirst == /\ first = {}
               /\ \E roster \in Changes : first' = roster
               /\ UNCHANGED <<applied, followed, votes>>

\* A module that joins begins with the certified roster; one that leaves applies the batch by which it does.
Apply(m) == /\ first # {} /\ ~applied[m]
            /\ applied' = [applied EXCEPT ![m] = TRUE]
            /\ UNCHANGED <<first, followed, votes>>

Checkpointed == {m \in Honest \cap Old : applied[m]} \cup (Liars \cap Old)

Follow(m) == /\ applied[m] /\ ~followed[m] /\ first # Old
             /\ Cardinality(Checkpointed) >= Quorum(Old)
             /\ followed' = [followed EXCEPT ![m] = TRUE]
             /\ UNCHANGED <<first, applied, votes>>

RosterOf(m) == IF followed[m] THEN first ELSE Old

MayVoteSecond(m) == \/ followed[m] \/ (applied[m] /\ first = Old)
                    \/ (Plant = "votes before it applied the change" /\ m \in Old)
                    \/ (Plant = "votes before the checkpoint" /\ applied[m] /\ m \in Old)

Vote(m, h) == /\ MayVoteSecond(m) /\ m \in RosterOf(m)
              /\ \A vote \in votes[m] : vote.roster # RosterOf(m)   \* one vote a slot, under a roster
              /\ votes' = [votes EXCEPT ![m] = @ \cup {[header |-> h, roster |-> RosterOf(m)]}]
              /\ UNCHANGED <<first, applied, followed>>

Next == DecideFirst \/ \E m \in Honest : Apply(m) \/ Follow(m) \/ \E h \in Headers : Vote(m, h)

Spec == Init /\ [][Next]_vars

Certified(h, roster) ==
    Cardinality({m \in Honest \cap roster : [header |-> h, roster |-> roster] \in votes[m]} \cup (Liars \cap roster))
      >= Quorum(roster)

OneOrderASlot == \A r, s \in Changes \cup {Old} : \A g, h \in Headers : Certified(g, r) /\ Certified(h, s) => g = h

\* Whoever could make a certificate in slot 2 now: a quorum of modules that may vote under one roster.
Able(roster) == {m \in Honest \cap roster : MayVoteSecond(m) /\ RosterOf(m) = roster} \cup (Liars \cap roster)
NoDisjointQuorums ==
    \A r, s \in Changes \cup {Old} :
      \A Q \in SUBSET Able(r), R \in SUBSET Able(s) :
        Cardinality(Q) >= Quorum(r) /\ Cardinality(R) >= Quorum(s) => Q \cap R \cap Honest # {}

NeverCertified == \A h \in Headers, r \in Changes : r = Old \/ ~Certified(h, r)
=============================================================================
