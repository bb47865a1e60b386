import java.io.File;
import org.semanticweb.owlapi.apibinding.OWLManager;
import org.semanticweb.owlapi.model.OWLOntology;
import org.semanticweb.owlapi.profiles.OWLProfileViolation;
import org.semanticweb.owlapi.profiles.Profiles;

/** Loads an ontology with the OWL API, the library under Protégé and ROBOT, and says which OWL 2 profiles it keeps to. */
public class CheckProfiles {
    public static void main(String[] files) throws Exception {
        OWLOntology ontology = OWLManager.createOWLOntologyManager().loadOntologyFromOntologyDocument(new File(files[0]));
        System.out.println("axioms " + ontology.getAxiomCount());
        for (Profiles profile : new Profiles[] {Profiles.OWL2_DL, Profiles.OWL2_RL}) {
            System.out.println(profile + " " + profile.checkOntology(ontology).isInProfile());
            for (OWLProfileViolation violation : profile.checkOntology(ontology).getViolations()) {
                System.out.println(violation);
            }
        }
    }
}
